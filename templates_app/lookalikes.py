"""Names that people take for each other: a name's skeleton, and how to find the names that are one mistake away.

Two names look alike when their skeletons are the same, or, from four characters on, one insertion, deletion or
exchange apart. Each name keeps `looks`: its skeleton and what is left of it without one character. Names one mistake
apart share at least one of them, so a database finds them by an index; `alike` then says which of them really are.
"""

from __future__ import annotations

import unicodedata

# From so many characters on, one character more, less or different still makes a look-alike.
FUZZY_FROM = 4

# Characters drawn alike; each group stands for its first.
_SHAPES = (
    "末未", "土士", "己已巳", "人入", "日曰", "大太犬", "天夭", "干千于", "王玉壬", "口囗", "田由甲申", "戊戌戍",
    "刀力刁", "午牛", "木本", "兔免", "今令", "句旬", "石右", "目且", "元无", "见贝", "历厉曆歷厲", "市巿",
    "白自", "乌鸟烏鳥", "拔拨撥", "侯候", "准淮", "辛幸", "治冶", "冷泠", "凉涼", "徽微", "密蜜", "蓝篮藍籃",
    "泰秦", "崇祟", "贷货貸貨", "圆园圓園", "帐账帳賬", "卡咔", "讯汛訊", "建健", "清淸青", "户戶", "吴吳呉", "黄黃",
    "高髙", "内內", "录錄彔", "真眞", "强強", "争爭", "为為爲", "卫衛衞", "决決", "减減", "鸡雞鷄", "群羣",
    "峰峯", "启啟啓", "并併並竝", "里裏裡", "台臺檯", "周週", "升昇",
)  # fmt: skip

# Traditional, then simplified, character by character.
_TRADITIONAL = (
    "萬万與与專专業业東东絲丝兩两嚴严喪丧個个豐丰臨临麗丽舉举義义烏乌樂乐喬乔習习鄉乡書书買买亂乱爭争虧亏雲云亞亚產产"
    "親亲褻亵億亿僅仅從从侖仑倉仓儀仪們们價价眾众優优會会傘伞偉伟傳传傷伤倫伦偽伪佇伫體体餘余傭佣俠侠侶侣僥侥偵侦側侧僑侨"
    "儈侩儕侪儂侬俁俣儔俦儼俨倆俩儷俪儉俭債债傾倾僂偻償偿儐傧儲储儺傩兒儿兌兑蘭兰關关興兴養养獸兽岡冈冊册寫写軍军農农馮冯"
    "衝冲決决況况凍冻淨净淒凄涼凉減减湊凑凜凛幾几鳳凤憑凭凱凯擊击鑿凿劉刘則则剛刚創创刪删別别劑剂劍剑劇剧勸劝辦办務务動动"
    "勵励勁劲勞劳勢势勳勋匯汇區区醫医華华協协單单賣卖盧卢衛卫卻却廠厂廳厅歷历厲厉壓压廈厦廚厨縣县參参雙双發发變变疊叠葉叶"
    "號号嘆叹嚇吓嗎吗啟启吳吴員员問问響响啞哑團团園园圓圆圍围國国圖图聖圣場场壞坏塊块堅坚壇坛壩坝墳坟墜坠壟垄報报塵尘壯壮"
    "聲声殼壳處处備备復复夠够頭头誇夸奪夺獎奖奧奥婦妇媽妈嬌娇孫孙學学寧宁寶宝實实寵宠審审憲宪宮宫寬宽賓宾對对尋寻導导將将"
    "爾尔塵尘嘗尝堯尧層层屬属歲岁豈岂嶺岭島岛峽峡崗岗嵐岚嶼屿幣币帥帅師师帳帐帶带幫帮廣广莊庄慶庆廬庐庫库應应廟庙龐庞廢废"
    "開开異异棄弃張张彌弥彎弯彈弹強强歸归當当錄录徹彻徑径憶忆憂忧懷怀態态憐怜總总戀恋惡恶懸悬驚惊懼惧慘惨憤愤願愿戲戏戰战"
    "戶户撲扑執执擴扩掃扫揚扬擾扰撫抚搶抢護护擔担擬拟擁拥擇择掛挂擋挡擠挤揮挥撈捞損损撿捡換换據据擺摆搖摇攝摄攜携攤摊敵敌"
    "數数齊齐齋斋斷断無无舊旧時时曠旷曆历曉晓暫暂術术樸朴機机殺杀雜杂權权條条來来楊杨傑杰極极構构樞枢棗枣棟栋欄栏樹树棲栖"
    "樣样橋桥橫横檔档檢检樓楼榮荣標标歡欢歐欧歲岁殘残毀毁畢毕氣气漢汉湯汤溝沟沒没滄沧漚沤滬沪淚泪澤泽潔洁灑洒濃浓測测濟济"
    "渾浑濱滨滿满漁渔濤涛潤润澗涧漲涨淵渊溫温遊游灣湾濕湿滾滚漸渐瀟潇灘滩灝灏燈灯靈灵災灾燦灿爐炉點点煉炼爛烂煙烟煩烦燒烧"
    "熱热煥焕愛爱爺爷牽牵犧牺狀状獨独獅狮獲获獵猎環环現现瑪玛瓊琼璽玺電电畫画暢畅療疗瘋疯皺皱盞盏鹽盐監监蓋盖盤盘礦矿碼码"
    "磚砖確确禮礼禍祸稅税種种積积稱称穩稳窮穷竊窃競竞筆笔築筑節节範范簡简籃篮類类糧粮緊紧約约級级紀纪純纯綱纲納纳縱纵紛纷"
    "紙纸紋纹紡纺線线組组紳绅細细織织終终經经結结繪绘給给絡络絕绝統统絹绢綉绣繼继績绩緒绪續续維维綿绵綜综綠绿緣缘編编緯纬"
    "縮缩網网羅罗罰罚聯联聰聪職职聽听肅肃腸肠膚肤腎肾脹胀勝胜腦脑腳脚臉脸臘腊艦舰藝艺節节蘇苏蘋苹莖茎薦荐榮荣藥药蓮莲蘿萝"
    "螢萤營营蕭萧薩萨藍蓝蟲虫雖虽蝦虾蠶蚕補补襯衬裝装見见觀观規规視视覺觉覽览觸触計计訂订認认討讨讓让訊讯記记講讲許许論论"
    "設设訪访證证評评識识訴诉診诊詞词譯译試试詩诗誠诚話话該该詳详語语誤误說说請请諸诸課课誰谁調调談谈謀谋謝谢譜谱貝贝財财"
    "責责賢贤敗败賬账貨货質质販贩貪贪購购貯贮貫贯貴贵貸贷貿贸費费賀贺資资賦赋賭赌賞赏賜赐賴赖贏赢趙赵趕赶躍跃車车軌轨軒轩"
    "轉转輪轮軟软輕轻載载較较輔辅輛辆輝辉輸输轄辖遼辽達达遷迁過过運运還还這这進进遠远違违連连遲迟適适選选遞递邏逻遺遗鄧邓"
    "鄭郑鄰邻醬酱釀酿釋释針针釣钓鈔钞鋼钢鑰钥鈴铃鉑铂鐵铁銀银銅铜鋁铝銘铭銷销鎖锁鍋锅錢钱錦锦鍵键鏡镜鐘钟鎮镇長长門门閃闪"
    "閉闭間间聞闻閩闽閣阁閱阅隊队陽阳陰阴陣阵階阶際际陸陆隴陇陳陈險险隨随隱隐難难霧雾靜静韓韩頁页頂顶項项順顺須须顧顾頓顿"
    "預预領领頻频題题顏颜額额風风飛飞飄飘飯饭飲饮餅饼餐餐餓饿館馆馬马馳驰馱驮駐驻駕驾駱骆騎骑騙骗騰腾驗验驛驿魚鱼魯鲁鮮鲜"
    "鯨鲸鳥鸟鳴鸣鴨鸭鴻鸿鵝鹅鶴鹤鷹鹰麥麦黃黄龍龙龜龟齒齿齡龄貓猫寢寝郵邮電电訂订購购銷销戶户啟启賬账碼码費费貸贷優优惠惠"
)  # fmt: skip

_LATIN = {"o": "0", "l": "1", "i": "1", "s": "5", "z": "2", "b": "8"}


def _table() -> dict[int, str]:
    simplified = dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True))
    leader: dict[str, str] = {}
    for group in _SHAPES:
        known = next((leader[character] for character in group if character in leader), simplified.get(group[0]))
        first = leader.get(known or group[0], known or group[0])
        leader.update({character: first for character in group if character not in leader})
    folded = {old: leader.get(new, new) for old, new in simplified.items()}
    return {ord(old): new for old, new in {**leader, **folded, **_LATIN}.items()}


_FOLD = _table()


def skeleton(name: str) -> str:
    """What is left of a name when all that looks alike is written alike: `清禾0` and `淸禾O` have the same."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return plain.replace("rn", "m").replace("vv", "w").translate(_FOLD)


def looks(name: str) -> list[str]:
    """The skeleton first, then, of longer names, what is left of it without one character."""
    bone = skeleton(name)
    if len(bone) < FUZZY_FROM:
        return [bone]
    return list(dict.fromkeys([bone, *(bone[:i] + bone[i + 1 :] for i in range(len(bone)))]))


def alike(one: str, other: str) -> bool:
    """Whether two names may be taken for each other; a name is like itself."""
    a, b = sorted((skeleton(one), skeleton(other)), key=len)
    if a == b:
        return True
    if len(b) < FUZZY_FROM or len(b) - len(a) > 1:
        return False
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    return a[same + (len(a) == len(b)) :] == b[same + 1 :]
