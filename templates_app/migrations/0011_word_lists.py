"""The word lists to begin with: the subjects of the product reference, 4.3, in words of our own. Administrators go on.

What refuses a text has no way around it, so those words leave no doubt; the others warn.
"""

from django.db import migrations

REFUSE, WARN = "refuse", "warn"
NOT_CODES = ["notification", "promotion"]

# (English, Chinese, what happens, types; none: all, words)
LISTS = [
    (
        "Gambling, betting and lottery",
        "赌博、博彩与彩票",
        REFUSE,
        [],
        """
        赌博, 赌场, 博彩, 赌球, 赌钱, 下注, 投注, 押注, 时时彩, 六合彩, 百家乐, 老虎机, 彩票代购, 彩票预测, 真人荷官, casino
        gambling, betting, sportsbook, slot machine, place your bet, lottery ticket,
        jackpot, roulette""",
    ),
    (
        "Pornography",
        "色情",
        REFUSE,
        [],
        """
        裸聊, 约炮, 成人视频, 成人影片, 上门服务小姐, 楼凤, 一夜情, 色情服务, 色情视频, 色情网站, 援交服务, porn, pornography,
        escort service, sex chat, adult video""",
    ),
    (
        "Drugs",
        "毒品",
        REFUSE,
        [],
        """
        冰毒, 海洛因, 摇头丸, 可卡因, 麻古, 迷药, 毒品交易, 出售毒品, 吸食大麻, 大麻叶, cocaine, heroin, methamphetamine,
        cannabis, marijuana, ecstasy pill""",
    ),
    (
        "Weapons and threats",
        "武器与威胁",
        REFUSE,
        [],
        """
        枪支, 仿真枪, 弹药, 炸药, 要你好看, 上门讨债, firearm, ammunition, explosive, we know where you live""",
    ),
    (
        "Counterfeit goods and forged papers",
        "假货与假证",
        REFUSE,
        [],
        """
        高仿, 精仿, 假币, 假证, 代开发票, 代办发票, 刻章, 代办证件, 出售假货, 假货批发, fake invoice, fake diploma,
        counterfeit, replica watch, forged passport""",
    ),
    (
        "Sale of personal data",
        "买卖个人信息",
        REFUSE,
        [],
        """
        出售数据, 买卖数据, 个人信息出售, 手机号批发, 客户名单出售, 身份证出售, 银行卡出售, 收购银行卡, 通话记录查询, personal data for
        sale, leads for sale, bank cards for sale""",
    ),
    (
        "Cheating in examinations",
        "考试作弊",
        REFUSE,
        [],
        """
        替考, 考试答案, 考前答案, 枪手代写, 包过考试, 代考服务, 代考包过, exam answers, take your exam""",
    ),
    (
        "Message channels and call cards",
        "短信通道与电话卡",
        REFUSE,
        NOT_CODES,
        """
        短信通道, 群发软件, 短信轰炸, 106通道, 接码平台, bulk sms channel, sms bomber, sim cards for sale""",
    ),
    (
        "Prizes and one-yuan sales",
        "中奖与一元购",
        WARN,
        NOT_CODES,
        """
        中奖, 恭喜您获得, 抽奖, 幸运观众, 一元购, 1元购, 一元抢购, 领取奖品, 大奖, you have won, you won, claim your
        prize, lucky draw, winner""",
    ),
    (
        "Stocks and securities",
        "股票与证券",
        WARN,
        NOT_CODES,
        """
        股票, 荐股, 牛股, 涨停, 炒股, 内幕消息, 股指期货, 期货开户, 外汇交易, 虚拟币, 比特币, stock tip, hot stock, forex,
        bitcoin, crypto, futures trading""",
    ),
    (
        "Loans, collection and investment",
        "贷款、催收与投资",
        WARN,
        NOT_CODES,
        """
        贷款, 借款, 放款, 借贷, 网贷, 信用贷, 抵押贷, 秒批, 额度已批, 催收, 逾期未还, 欠款, 理财, 高收益, 稳赚, 保本, 投资项目, 信用卡提额,
        套现, loan, payday loan, cash advance, debt collection, overdue debt, guaranteed
        return, high yield, investment opportunity""",
    ),
    (
        "Immigration",
        "移民",
        WARN,
        NOT_CODES,
        """
        移民, 绿卡, 投资移民, 海外护照, immigration, green card, golden visa""",
    ),
    (
        "Medical care",
        "医疗",
        WARN,
        NOT_CODES,
        """
        根治, 疑难杂症, 壮阳, 性病, 不孕不育, 减肥药, 祖传秘方, 处方药, 保健品, miracle cure, weight loss pill, viagra,
        prescription drugs""",
    ),
    (
        "Cosmetic surgery and beauty care",
        "整形与美容",
        WARN,
        NOT_CODES,
        """
        整形, 整容, 隆胸, 隆鼻, 双眼皮, 医美, 美容院, 美容护肤, 植发, 祛斑, cosmetic surgery, plastic surgery,
        botox, hair transplant, beauty salon""",
    ),
    (
        "Clubs, bars and foot spas",
        "会所、酒吧与足浴",
        WARN,
        NOT_CODES,
        """
        夜总会, 酒吧, 夜店, 足浴, 足疗, 桑拿, 按摩, 高端会所, 私人会所, KTV, nightclub, night club, foot spa,
        massage parlour, massage parlor""",
    ),
    (
        "Tobacco, alcohol and tea",
        "烟、酒与茶",
        WARN,
        NOT_CODES,
        """
        香烟, 卷烟, 电子烟, 雪茄, 白酒, 红酒, 洋酒, 茅台, 茶叶, 品茶, cigarette, e-cigarette, vape, cigar,
        whisky, whiskey, liquor, wine sale""",
    ),
    (
        "Part-time jobs and interviews",
        "兼职与面试",
        WARN,
        NOT_CODES,
        """
        兼职, 刷单, 日赚, 月入过万, 在家赚钱, 轻松赚钱, 招聘, 面试通知, 高薪急招, 日结工资, part-time job, work from home,
        earn money, easy money, job interview, we are hiring""",
    ),
    (
        "Rebates and paid reviews",
        "返利与好评返现",
        WARN,
        NOT_CODES,
        """
        返利, 返现, 好评返, 五星好评, 刷好评, 佣金, cashback, rebate, positive review, five-star review""",
    ),
    (
        "Real estate",
        "房产",
        WARN,
        NOT_CODES,
        """
        楼盘, 售楼, 开盘, 首付, 购房, 买房, 卖房, 学区房, 商铺投资, 公寓出售, house for sale, apartment for sale,
        real estate, down payment""",
    ),
    (
        "Decoration and building material",
        "装修与建材",
        WARN,
        NOT_CODES,
        """
        装修, 建材, 家装, 全屋定制, 瓷砖, 免费量房, renovation offer, building material, free measuring""",
    ),
    (
        "App downloads",
        "应用下载",
        WARN,
        NOT_CODES,
        """
        下载APP, 下载安装, 点击下载, 扫码下载, 安装包, 立即下载, download the app, download our app, install the
        app, apk""",
    ),
    (
        "Invitations to groups and accounts",
        "拉群与加好友",
        WARN,
        NOT_CODES,
        """
        加微信, 加QQ, 微信群, QQ群, 进群, 拉群, 扫码进群, 加好友, 关注公众号, add me on whatsapp, join our group,
        join the group, telegram group, add wechat""",
    ),
    (
        "Invitations to sign up",
        "邀请注册与入会",
        WARN,
        NOT_CODES,
        """
        邀请您注册, 立即注册, 免费注册, 邀请您加入会员, 诚邀您参加, sign up now, register now, you are invited""",
    ),
    (
        "Winning and keeping users",
        "拉新与促活",
        WARN,
        NOT_CODES,
        """
        老用户召回, 好久不见, 快回来看看, 专属回归, 拉新奖励, we miss you, come back and""",
    ),
    (
        "Games",
        "游戏",
        WARN,
        NOT_CODES,
        """
        手游, 页游, 新区开服, 礼包码, 游戏充值, 公测, mobile game, game top-up, gift code, new server""",
    ),
    (
        "Education and training",
        "教育与培训",
        WARN,
        NOT_CODES,
        """
        试听课, 招生, 培训班, 补习班, 考研, 学历提升, 自考, free trial lesson, tuition centre, enrol now""",
    ),
    (
        "Carrier services",
        "运营商业务",
        WARN,
        NOT_CODES,
        """
        流量包, 话费充值, 套餐办理, 宽带办理, 靓号, 免费流量, data plan offer, mobile top-up, free data""",
    ),
    (
        "Trademarks and company services",
        "商标与工商代办",
        WARN,
        NOT_CODES,
        """
        商标注册, 代办营业执照, 代理记账, 公司注册代办, 专利代理, trademark registration, company registration
        service""",
    ),
    (
        "Furs",
        "皮草",
        WARN,
        NOT_CODES,
        """
        皮草, 貂皮, 裘皮, fur coat, mink coat""",
    ),
    (
        "Marketing words in a notification",
        "通知中的营销用语",
        WARN,
        ["verification", "notification"],
        """
        促销, 优惠, 打折, 特价, 折扣, 秒杀, 抢购, 红包, 优惠券, 领券, 满减, 大促, 双11, 双十一, 限时, 免费领, 新品上市, 买一送一, 特惠,
        钜惠, 福利, sale, discount, % off, coupon, promo code, special offer, limited time, free
        gift, best deal, buy now, black friday""",
    ),
]


def words_of(written: str) -> list[str]:
    return list(dict.fromkeys(" ".join(word.split()) for word in written.split(",")))


def add(apps, schema_editor):
    held = apps.get_model("templates_app", "WordList").objects
    for english, chinese, effect, types, written in LISTS:
        values = {"theme_zh": chinese, "effect": effect, "types": types, "words": words_of(written)}
        held.get_or_create(theme_en=english, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("templates_app", "0010_template_import")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
